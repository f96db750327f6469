import { quickStart } from "../../examples/quick-start/quick-start.mjs";

export default ({ baseURL }) => quickStart({ apiKey: "sk-local", baseURL, print: () => {} });
