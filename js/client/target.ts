/** What a request asks for, and of whom. */
import type { Gate } from "../resilience/gate.js";
import type { Provider, RequestOptions } from "../types.js";

/** The wire formats, as the core names them. */
export type Format = "chat" | "responses" | "completions" | "embeddings" | "images" | "speech" | "transcription" | "moderations" | "messages" | "gemini";

/** Where a request goes and how it is written. */
export interface Target {
  url: string;
  format: Format;
  provider: Provider;
  /** The model, where the request does not name it. */
  model?: string;
  /** Whether that is what a deployment is of, by the application's own word. */
  mapped?: boolean;
  /** Where a path and not the body asks for a stream. */
  stream?: boolean;
  /** What is noted of it. */
  metadata?: Record<string, unknown>;
}

/** Where a request goes, and what is sent there. */
export interface Aim {
  target: Target;
  /** The model that is asked for. */
  model: string | undefined;
  /** The request's body. */
  text: string;
  /** Made for each try: keys may be asked for. */
  headers: () => Promise<Headers>;
  /** What sends it. */
  fetch: typeof fetch | undefined;
  /** What each try passes before it is sent. */
  gates: readonly Gate[];
}

/** What can say where a request would go. */
export interface Aiming {
  aim(body: object, options?: RequestOptions): Aim;
}
