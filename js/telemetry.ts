/**
 * Telemetry of guarded calls: OpenTelemetry spans and metrics by its conventions for generative AI, and a structured log. An entry of
 * its own: what does not import it does not carry it.
 *
 * @module
 */
export { callLog, type CallLogEntry, type CallLogOptions } from "./telemetry/log.js";
export { openTelemetry, type OpenTelemetryApi, type OpenTelemetryOptions } from "./telemetry/open-telemetry.js";
