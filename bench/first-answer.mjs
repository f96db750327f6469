// One fresh process: the time from before the import to the first price, in milliseconds.
const begun = performance.now();
const { getModelPricing } = await import("tollgate");
const pricing = getModelPricing("gpt-4o-mini");
const took = performance.now() - begun;
if (pricing === undefined) throw new Error("expected a price for gpt-4o-mini, found none");
console.log(took);
