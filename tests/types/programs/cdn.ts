// The global that the one-file bundle sets.
import "tollgate/cdn";

export const version: string = Tollgate.VERSION;
export const id: string = Tollgate.generateId();
