// The environment of every test file: a file that leaves a timer, worker, socket, server or process open fails, and
// the failure names what was left. Without it a leak shows as a run that hangs, or not at all.
import { TestEnvironment } from 'jest-environment-node';

// What was told to close may need some turns to be gone.
const CLOSING_MS = 2_000;
const LOOK_EVERY_MS = 20;
// A test may make millions of timers; those that ended need not be kept.
const FORGET_EVERY = 1_000;

export default class LeakEnvironment extends TestEnvironment {
  #timers = new Set();
  #workers = new Set();
  #handlesBefore = new Map();
  #onWorker = (worker) => {
    this.#workers.add(worker);
    worker.once('exit', () => this.#workers.delete(worker));
  };

  async setup() {
    await super.setup();
    this.#recordTimers('setTimeout');
    this.#recordTimers('setInterval');
    process.on('worker', this.#onWorker);
    // These open at their first use, which may be the runner's own in the middle of a test file.
    void process.stdout;
    void process.stderr;
    this.#handlesBefore = openHandles();
  }

  async teardown() {
    process.off('worker', this.#onWorker);
    await super.teardown();
  }

  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish') return;
    const left = await this.#whatStays();
    if (left.length === 0) return;
    const error = new Error(`This test file left open: ${left.join(', ')}`);
    error.stack = error.message;
    state.unhandledErrors.push(error);
  }

  // The runner's own timers are in the same process, so only those of the test's realm are looked at.
  #recordTimers(name) {
    const original = this.global[name];
    const recording = (...args) => {
      const timer = original(...args);
      this.#timers.add(timer);
      if (this.#timers.size % FORGET_EVERY === 0) this.#forgetEnded();
      return timer;
    };
    this.global[name] = Object.defineProperties(recording, Object.getOwnPropertyDescriptors(original));
  }

  async #whatStays() {
    const deadline = Date.now() + CLOSING_MS;
    for (;;) {
      const left = this.#open();
      if (left.length === 0 || Date.now() > deadline) return left;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  #forgetEnded() {
    for (const timer of this.#timers) if (timer._destroyed) this.#timers.delete(timer);
  }

  #open() {
    this.#forgetEnded();
    const timers = [...this.#timers].filter((timer) => timer.hasRef());
    const handles = [...openHandles()].map(([name, count]) => [name, count - (this.#handlesBefore.get(name) ?? 0)]);
    return [...handles, ['timer', timers.length], ['worker', this.#workers.size]]
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} × ${name}`);
  }
}

function openHandles() {
  const counts = new Map();
  for (const name of process.getActiveResourcesInfo()) {
    if (name !== 'Timeout' && name !== 'Immediate') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
