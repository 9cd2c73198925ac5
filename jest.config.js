/** Tests are compiled with everything else (npm run build) and run as the JavaScript that users get. */
export default {
  testEnvironment: '<rootDir>/dist/test/support/jest-environment.js',
  roots: ['<rootDir>/dist/test'],
  testMatch: ['**/*.test.js'],
  transform: {},
  maxWorkers: '100%',
  testTimeout: 120_000,
};
