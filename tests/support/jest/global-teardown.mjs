// Runs once after a run of tests: what global-setup started is stopped.
export default async function globalTeardown() {
  await globalThis.stopTestServices();
}
