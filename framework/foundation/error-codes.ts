/**
 * Every code a `GccflowError` may carry, with its one-line meaning. Codes are permanent: none is renamed or reused.
 * Each has a paragraph in `errors.md` and a test that provokes it.
 */
export const errorCodes = {
  // project: files on disk
  PROJECT_NOT_FOUND: 'No project.yaml in the folder or above it.',
  FILE_UNREADABLE: 'A file of the project cannot be read.',
  FILE_UNWRITABLE: 'A file or folder cannot be written.',
  FILE_MISPLACED: 'A file stands where no file of its kind is looked for.',
  YAML_SYNTAX: 'A YAML file does not parse.',
  KEY_UNKNOWN: 'A key that the file kind does not have.',
  VALUE_INVALID: 'A value of the wrong type or outside its range.',
  TEMPLATE_SYNTAX: 'A Handlebars template does not parse.',
  TEMPLATE_ARGUMENT: 'A template helper got an argument it does not take.',
  MODEL_STATEMENTS: 'A model holds no statement, or more than one.',
  NAME_DUPLICATE: 'Two things of the project share one name.',
  ENV_MISSING: 'A variable of the environment is not set.',
  // manifest: the graph
  REF_NOT_FOUND: 'A ref names no model or seed.',
  SOURCE_NOT_FOUND: 'A source call names no declared source table.',
  MACRO_NOT_FOUND: 'A template names a macro or helper that does not exist.',
  VAR_NOT_FOUND: 'A var has no value and no default.',
  MATERIALIZATION_UNKNOWN: 'A model names a materialization that does not exist.',
  TEST_UNKNOWN: 'A properties file names a generic test that does not exist.',
  CONFIG_CONFLICT: 'Config values that contradict each other or miss a partner.',
  CYCLE: 'Nodes that depend on each other in a circle.',
  RENDER_FAILED: 'A template failed while it was rendered.',
  UNIT_TEST_INPUT: 'A unit test gives what its model does not read, or does not give what it must.',
  FIXTURE_NOT_FOUND: 'A unit test names a fixture that does not exist.',
  // selection
  SELECTOR_SYNTAX: 'A selector cannot be parsed.',
  SELECTOR_METHOD_UNKNOWN: 'A selector uses a method that does not exist.',
  SELECTOR_NO_MATCH: 'A term of the selection matches nothing.',
  SELECTOR_NOT_FOUND: 'A named YAML selector does not exist.',
  // command line
  USAGE: 'A command, flag or argument that the command line does not take.',
  TARGET_NOT_FOUND: 'The named target is not in project.yaml.',
  // connections
  WAREHOUSE_UNREACHABLE: 'ClickHouse does not answer.',
  WAREHOUSE_QUERY: 'ClickHouse refused or failed a statement.',
  WAREHOUSE_HELD: 'Another process holds the embedded warehouse.',
  WAREHOUSE_UNSUPPORTED: 'The server or its database engine lacks something the plan needs.',
  POSTGRES_UNREACHABLE: 'PostgreSQL does not answer.',
  POSTGRES_QUERY: 'PostgreSQL refused or failed a statement.',
  BROKER_UNREACHABLE: 'The broker does not answer, or did not confirm in time.',
  BROKER_REFUSED: 'The broker forbids its user what was asked of it.',
  TOPOLOGY_MISMATCH: 'An exchange or queue exists with other properties than the project declares.',
  QUEUE_NOT_FOUND: 'The broker has no queue of the name.',
  MESSAGE_UNROUTABLE: 'A message was published that no queue wanted.',
  MESSAGE_REFUSED: 'The broker refused to store a message.',
  LIMITER_UNREACHABLE: 'The store of the rate limits does not answer, or refuses to count.',
  OBJECTS_UNREACHABLE: 'The object store does not answer or refuses access.',
  DEPENDENCY_MISSING: 'An optional package that this target needs is not installed.',
  // run
  RUN_LOCKED: 'Another run holds nodes that this run needs.',
  NODE_TIMEOUT: 'A node ran longer than its timeout.',
  SCHEMA_CHANGED: 'The columns of an incremental model changed and its config says fail.',
  EVENT_TIME_INVALID: 'The event_time of a model is no time, or lies outside of the interval its row was selected for.',
  INTERVAL_FAILED: 'Some intervals of a model failed; the others are published.',
  FULL_REFRESH_REFUSED: 'A full refresh of a model that forbids it.',
  SNAPSHOT_KEYS: 'Rows of a snapshot share a key, or lack one.',
  SNAPSHOT_HISTORY: 'The history of a snapshot would contradict itself.',
  FENCE_BROKEN: 'Somebody else wrote to a relation while its next version was built.',
  TEST_FAILED: 'A test of severity error found failing rows.',
  UNIT_TEST_ROWS: 'Rows of a unit test do not fit the columns they are for.',
  UNIT_TEST_FAILED: 'A unit test got other rows than it expects.',
  RULE_BROKEN: 'A rule of project.yaml does not hold.',
  CONTRACT_BROKEN: 'A model returns other columns than its contract promises, or rows that break it.',
  SEED_INVALID: 'A seed file does not fit its columns.',
  ROLLBACK_IMPOSSIBLE: 'No previous version is kept.',
  ARTIFACT_MISSING: 'A file of an earlier run that the command needs is not there.',
  FRESHNESS_UNKNOWN: 'How old the rows of a source are cannot be told.',
  CANCELLED: 'The run was stopped before this finished.',
  // sync
  SYNC_COLUMN_MISSING: 'A sync names a column that its relation does not have.',
  SYNC_TYPE_UNSUPPORTED: 'A ClickHouse type that has no PostgreSQL type.',
  SYNC_VALIDATION: 'An exported or loaded relation did not pass its checks.',
  SYNC_DEPENDENTS: 'Views or foreign keys depend on the table that a sync would replace.',
  SYNC_LOCK_TIMEOUT: 'The swap got no lock on the live table, or did not end, in time.',
  SYNC_EXPORT_CORRUPT: 'An exported object is missing or differs from its manifest.',
  // sink
  SINK_TABLE: 'The table of a sink is missing or does not fit its columns.',
  // ingest
  INGEST_PROTO: 'A .proto file cannot be read, or lacks what the ingest names.',
  INGEST_ADDRESS: 'An ingest cannot listen at its address.',
  // credentials
  CREDENTIAL_KEY_MISSING: 'A target declares no key that encrypts credentials.',
  CREDENTIAL_KEY_INVALID: 'A key of credentials is not 32 bytes in base64.',
  CREDENTIAL_UNREADABLE: 'A credential cannot be decrypted.',
  CREDENTIAL_NOT_FOUND: 'There is no such credential.',
  // scrape
  TASK_PARAMS: 'Params of a task do not fit its flow.',
  TASK_NOT_FOUND: 'There is no such task.',
  SERVE_ADDRESS: 'Flows cannot be served at their address.',
} as const;

export type ErrorCode = keyof typeof errorCodes;
