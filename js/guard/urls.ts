import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** What {@link UrlGuardrail} is made from. */
export interface UrlOptions extends DetectorOptions<"url"> {
  /** The only hosts that are no findings: `example.com` is that host, `*.example.com` every host below it. Any if left out. */
  allowedHosts?: string[];
  /** Hosts that are findings, in the same form. */
  deniedHosts?: string[];
  /** The schemes that are no findings; `http` and `https` if left out. */
  schemes?: string[];
  /** Whether a URL with a user's name or password in it is a finding; `true` if left out. */
  userinfo?: boolean;
  /** Whether a URL to the own machine or network is one; `true` if left out. */
  private?: boolean;
  /** Whether an image (in Markdown or HTML) from a host that is not among `allowedHosts` is one; `true` if left out. */
  images?: boolean;
}

/**
 * Finds URLs that must not be there: other hosts than the allowed ones, other schemes, users' names, the own network, and
 * images, which tell their host what the URL says. It redacts, in output and tool calls, unless the options say otherwise.
 *
 * @example
 * engine.registerGuardrail(new UrlGuardrail({ allowedHosts: ["example.com", "*.example.com"] }));
 */
export class UrlGuardrail extends BuiltinGuardrail {
  constructor(options: UrlOptions = {}) {
    super("urls", options);
  }
}
