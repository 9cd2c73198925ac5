// What every worker thread starts with: it loads the module that `argv` names and hands tasks on to
// it. Node 20 aborts the process when a thread is ended while it requires an ES module, which is
// how the pool would load one; hence CommonJS and import().
const loaded = import(process.argv[2]!) as Promise<{ default: (task: unknown) => unknown }>;
loaded.catch(() => undefined); // told to the task that waits for it

export = async (task: unknown): Promise<unknown> => {
  let worker: Awaited<typeof loaded>;
  try {
    worker = await loaded;
  } catch (error) {
    return (await import('./serve.js')).failure(error);
  }
  return worker.default(task);
};
