/** The version of this package; scripts/build.mjs compares it with package.json and Cargo.toml. */
export const VERSION: string = "0.1.0";
