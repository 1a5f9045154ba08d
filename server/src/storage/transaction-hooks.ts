/**
 * What follows a transaction: functions that run after its commit and never after a rollback, on any TypeORM data
 * source, also a host application's own. Built on the events of a TypeORM subscriber; nested transactions (savepoints)
 * count: what was registered in one that was rolled back does not run.
 */
import type { AfterQueryEvent, DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';

/** May begin something that its caller can wait for once the transaction's connection is free: `followedUp`. */
type Hook = () => unknown;

/** Hooks by level of nesting, innermost last; empty or missing where nobody registered any. */
const levels = new WeakMap<QueryRunner, Hook[][]>();

/** What the hooks of a transaction have begun. */
const begun = new WeakMap<QueryRunner, Promise<unknown>[]>();

class TransactionHooks implements EntitySubscriberInterface {
  afterTransactionStart({ queryRunner }: { queryRunner: QueryRunner }): void {
    levels.get(queryRunner)?.push([]);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    const stack = levels.get(queryRunner);
    const inner = stack?.pop();
    if (stack === undefined || inner === undefined) return;
    if (queryRunner.isTransactionActive) {
      stack.push([...(stack.pop() ?? []), ...inner]);
      return;
    }
    levels.delete(queryRunner);
    for (const hook of inner) runHook(queryRunner, hook);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    levels.get(queryRunner)?.pop();
    if (!queryRunner.isTransactionActive) levels.delete(queryRunner);
  }

  /**
   * Postgres answers COMMIT with ROLLBACK, and no error, when an earlier statement failed and the caller swallowed
   * that. TypeORM would take it for a commit: thrown from here it fails as what it is.
   */
  afterQuery({ query, success, rawResults }: AfterQueryEvent): void {
    if (!success || query !== 'COMMIT') return;
    const raw: unknown = rawResults;
    if (typeof raw === 'object' && raw !== null && 'command' in raw && raw.command === 'ROLLBACK') {
      throw new Error('the transaction was rolled back: a statement in it had failed and the error was ignored');
    }
  }
}

/** The transaction is committed and its caller must hear so: a hook that throws is reported, not passed on. */
function runHook(queryRunner: QueryRunner, hook: Hook): void {
  const failed = (error: unknown) => {
    queryRunner.dataSource.logger.log('warn', `a hook after a commit failed: ${String(error)}`);
  };
  try {
    const following = hook();
    if (following instanceof Promise)
      begun.set(queryRunner, [...(begun.get(queryRunner) ?? []), following.catch(failed)]);
  } catch (error) {
    failed(error);
  }
}

/** Resolves when what the hooks of a finished transaction have begun is done, well or not. */
export async function followedUp(queryRunner: QueryRunner): Promise<void> {
  const following = begun.get(queryRunner) ?? [];
  begun.delete(queryRunner);
  await Promise.all(following);
}

/** Lets `onCommit` work on this initialised data source. Harmless when repeated; `onCommit` does it by itself. */
export function watchTransactions(dataSource: DataSource): void {
  if (dataSource.subscribers.some((subscriber) => subscriber instanceof TransactionHooks)) return;
  dataSource.subscribers.push(new TransactionHooks());
}

/**
 * Runs `hook` once this transaction has been committed, before its caller hears of it; never if it is rolled back.
 * The hook must return at once: the transaction's connection is not free yet. What it has begun then, and returned, is
 * waited for by `inTransaction`.
 * @param manager the transaction's own manager, of whatever data source
 * @throws Error if the manager is in no transaction
 */
export function onCommit(manager: EntityManager, hook: Hook): void {
  const { queryRunner } = manager;
  if (!queryRunner?.isTransactionActive) throw new Error('onCommit needs the manager of an open transaction');
  watchTransactions(manager.dataSource);
  // Empty also where the only hooks so far were those of an inner transaction that was rolled back.
  const stack = levels.get(queryRunner) ?? [];
  levels.set(queryRunner, stack);
  stack.push([...(stack.pop() ?? []), hook]);
}
