// From CommonJS, as TypeScript understands require() of an ES module.
import tollgate = require("tollgate");

export const id: string = tollgate.generateId();
export const manager = new tollgate.BudgetManager(new tollgate.InMemoryCostStorage());
