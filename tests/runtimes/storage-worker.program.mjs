// The same program in a Worker, with an object that keeps records.
import { DurableObject } from "cloudflare:workers";
import { serveCostRecords } from "tollgate";
import main from "./storage.program.mjs";

export class Records extends DurableObject {
  #serve = serveCostRecords(this.ctx.storage);

  tollgateRecords(operation, args) {
    return this.#serve(operation, args);
  }

  /** Runs the program inside of the object. */
  inside(args) {
    return main(args, { storage: this.ctx.storage });
  }
}

export default (args, env) => (args.inside ? env.RECORDS.get(env.RECORDS.idFromName("inside")).inside(args) : main(args, env));
