/** A refusal as the provider would have said it, so that its SDK understands it; with ours inside, for `TollgateError.from`. */
import type { TollgateError } from "../errors.js";
import { statusOf } from "./refusals.js";
import type { Format } from "./target.js";

function bodyOf(error: TollgateError, format: Format): object {
  const { code, message, context } = error;
  const tollgate = { code, message, context };
  switch (format) {
    case "messages":
      return { type: "error", error: { type: "tollgate_error", message, tollgate } };
    case "gemini":
      return { error: { code: statusOf(error), message, status: "PERMISSION_DENIED", tollgate } };
    default:
      return { error: { message, type: "tollgate_error", param: null, code, tollgate } };
  }
}

/** As an answer. Nobody is to try it again. */
export function asResponse(error: TollgateError, format: Format): Response {
  return new Response(JSON.stringify(bodyOf(error, format)), {
    status: statusOf(error),
    headers: { "content-type": "application/json", "x-should-retry": "false", "x-tollgate-error": error.code },
  });
}

/** As the last event of a stream. */
export function asEvent(error: TollgateError, format: Format): Uint8Array {
  const body = bodyOf(error, format) as { error: object };
  const named = format === "messages" || format === "responses";
  const data = format === "responses" ? { type: "error", ...body.error, error: body.error } : body;
  return new TextEncoder().encode(`${named ? "event: error\n" : ""}data: ${JSON.stringify(data)}\n\n`);
}
