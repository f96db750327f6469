// Telemetry: the API of OpenTelemetry goes where it is asked for as it is, and listeners know what they are told.
import * as api from "@opentelemetry/api";
import { GuardedOpenAI, createGuardedFetch, type CallObserver, type CostAlert, type EstimateEvent, type TollgateError } from "tollgate";
import { callLog, openTelemetry, type CallLogEntry } from "tollgate/telemetry";

const observer: CallObserver = openTelemetry(api, { spans: true, metrics: false, attributes: ({ agentId }) => ({ agentId }) });
const log: CallObserver = callLog({ write: (entry: CallLogEntry) => entry.level === "info" });
// @ts-expect-error there is no such option
openTelemetry(api, { span: true });

new GuardedOpenAI({ apiKey: "k", telemetry: observer, onRequest: ({ url, attempt }) => void [url.length, attempt.toFixed()] });
const guarded = createGuardedFetch({ telemetry: [observer, log], onEstimate: ({ estimate }: EstimateEvent) => estimate.usd });
const leave: () => void = guarded.onAlert((alert: CostAlert) => alert.budgetName);
guarded.onBlocked((error: TollgateError) => error.code);
// @ts-expect-error a record is no number
guarded.onRecord((record: number) => record);
leave();
