/** One step of the schema's history. Once released a migration is never edited or removed: a later one corrects it. */
export interface Migration {
  /** Four digits and words: `0001-events`. Migrations run in the order of their names. */
  readonly name: string;
  /** One or several scripts, each of one or several statements. All of a migration is one transaction. */
  readonly sql: string | readonly string[];
  /**
   * True if programs that do not know this migration must not run on the schema it leaves (a column dropped or
   * renamed). Additions are not breaking: the old program keeps running while the new one is rolled out.
   */
  readonly breaking?: boolean;
}
