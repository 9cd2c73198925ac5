import pLimit from 'p-limit';

/**
 * Works on items, a number of them at once. After a failure no further item is begun, and those
 * under way are waited for.
 * @throws the first failure
 */
export async function atOnce<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const run = pLimit(limit);
  const attempt = async (item: Item): Promise<void> => {
    if (failures.length > 0) return;
    try {
      await work(item);
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all([...items].map((item) => run(attempt, item)));
  if (failures.length > 0) throw failures[0];
}
