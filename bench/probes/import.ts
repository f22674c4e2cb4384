// `node import.js PACKAGE`: what loading a package costs a fresh process.
const [name] = process.argv.slice(2);
globalThis.gc?.();
const before = process.memoryUsage();
const cpuBefore = process.cpuUsage();
const begin = performance.now();
// oxlint-disable-next-line typescript/no-require-imports -- the package is what is measured
require(name!);
const milliseconds = performance.now() - begin;
const { user, system } = process.cpuUsage(cpuBefore);
globalThis.gc?.();
const after = process.memoryUsage();
const megabytes = (after.rss - before.rss) / 1e6;
const heapMegabytes = (after.heapUsed - before.heapUsed) / 1e6;
console.log(JSON.stringify({ milliseconds, cpuMilliseconds: (user + system) / 1e3, megabytes, heapMegabytes }));
