// npm drops optional binaries of other platforms from the lockfile without a warning, and `npm ci` then refuses it there.
const { packages } = require("../../package-lock.json");
const missing = Object.entries(packages).flatMap(([path, entry]) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
    .map(
      (name) => `package-lock.json: ${path} lacks its optional package ${name}; pin a version that npm resolves whole`,
    ),
);
const addressed = Object.entries(packages)
  .filter(([, entry]) => entry.resolved?.startsWith("http"))
  .map(
    ([path]) =>
      `package-lock.json: ${path} records a download address; install with omit-lockfile-registry-resolved=true`,
  );
if (missing.length + addressed.length > 0) {
  console.error([...missing, ...addressed].join("\n"));
  process.exitCode = 1;
}
