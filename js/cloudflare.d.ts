// What is used of the Workers runtime, whose types are not among the packages of a build.
declare module "cloudflare:workers" {
  export abstract class DurableObject {
    constructor(ctx: unknown, env: unknown);
  }
}
