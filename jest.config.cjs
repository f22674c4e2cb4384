/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "<rootDir>/spec/support/environment.cjs",
  roots: ["<rootDir>/spec"],
  testMatch: ["**/*.spec.ts"],
  // For a machine five times slower than two busy cores: a spec waits for events, so a longer limit costs nothing.
  testTimeout: 120_000,
  globalSetup: "<rootDir>/spec/support/run-folder.cjs",
  globalTeardown: "<rootDir>/spec/support/remove-run-folder.cjs",
  moduleNameMapper: {
    "^(\\.{1,2}/.*)\\.js$": "$1",
    "^dapr-functions$": "<rootDir>/lib/index.ts",
    "^dapr-functions/testing/jest$": "<rootDir>/lib/testing/jest.ts",
    "^dapr-functions/(azure|sidecar|testing)$": "<rootDir>/lib/$1/index.ts",
  },
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] },
  reporters: ["default", "<rootDir>/spec/support/contract-reporter.cjs"],
  coverageProvider: "babel",
  collectCoverageFrom: ["lib/**/*.ts"],
};
