/** What ClickHouse complains of, as far as it names something. */
export interface Culprit {
  /**
   * What the name stands for. `alias`: a name given behind `as`; `definition`: one in front of it; `join`: a subquery without a name; `join key`: a name behind USING;
   * `word`: whatever is written so.
   */
  readonly kind:
    | 'identifier'
    | 'function'
    | 'table'
    | 'table function'
    | 'keyword'
    | 'text'
    | 'alias'
    | 'definition'
    | 'join'
    | 'join key'
    | 'word';
  readonly name: string;
}

/** What a complaint names, the likeliest first. */
export function culpritsOf(said: string): readonly Culprit[] {
  const found: Culprit[] = [];
  for (const [pattern, kind] of patterns) {
    const name = pattern
      .exec(said)
      ?.slice(1)
      .find((text) => text !== undefined);
    if (name !== undefined && !found.some((other) => other.kind === kind && other.name === name)) found.push({ kind, name });
  }
  return found;
}

const patterns: readonly (readonly [RegExp, Culprit['kind']])[] = [
  [/using identifier '([^']+)'/, 'join key'],
  [/ambiguous identifier '([^']+)'/, 'identifier'],
  [/Unknown table expression identifier '([^']+)'|Table (\S+) (?:does not|doesn't) exist/, 'table'],
  [/Database (\S+) does not exist/, 'table'],
  [/Database (\S+) does not exist/, 'text'],
  [/(no alias) for subquery/, 'join'],
  [/Unknown table function (\w+)|Table function '?(\w+)/, 'table function'],
  [
    /Unknown expression(?: or function)? identifier `([^`]+)`|Identifier '([^']+)' cannot be resolved|Missing columns: '([^']+)'/,
    'identifier',
  ],
  [/Column '([^']+)' is not under aggregate function/, 'identifier'],
  [/Multiple expressions .* for alias ([^\s.]+)|Multiple table expressions with same alias ([^\s.]+)/, 'alias'],
  [/Window '(\w+)' is already defined/, 'definition'],
  [/can't find correlated column '(?:__table\d+\.)?([^']+)'/, 'identifier'],
  [/[Uu]nknown data type family: (\w+)|Window '(\w+)' does not exist/, 'word'],
  [/[Uu]nknown setting '([^']+)'|set the value of setting '(\w+)'/, 'word'],
  [
    /Dictionary \(`([^`]+)`\) not found|Cannot load time zone (\S+?):|does not support '([^']+)' unit|(?:while converting|[Cc]onvert string|[Pp]arse string) '([^']*)' /,
    'text',
  ],
  [/element with index '(\w+)'|Scale (\d+) is out of bounds/, 'word'],
  [/requires expression (\w+)(?: AS \w+)? with Array/, 'identifier'],
  [/(ASOF) join|doesn't support (FINAL)|(?:does not|doesn't) support (PREWHERE)|modifiers (FINAL|SAMPLE)\b|WITH (FILL)\b/, 'keyword'],
  [/support (sampl)ing/, 'keyword'],
  [/Positional argument number (\d+)/, 'word'],
  [/(?:Aggregate|Window) function .* AS (\w+) is found in/, 'identifier'],
  [/(?:Aggregate|Window) function (\w+)\(.* is found in/, 'function'],
  [/(?:Invalid type for filter in|is found in) ((?:PRE)?WHERE|HAVING|QUALIFY)/, 'keyword'],
  [/\b(LIMIT|OFFSET) expression/, 'keyword'],
  [/Different number of columns in (UNION|INTERSECT|EXCEPT)|Expected ALL or DISTINCT in SelectWith(Union)/, 'keyword'],
  [/JOIN cannot infer common type in (ON) section/, 'keyword'],
  [/[Ff]irst argument for (?:this overload of )?(?:function )?['`]?(\w+)/, 'function'],
  [
    /[Uu]nknown function ([\w.]+)|[Ff]unction with name [`']([\w.]+)[`']|(?:of|for|to) (?:aggregate )?function ['`]?(\w+)|(?:Aggregate f|F)unction '?(\w+)'?(?:\([^)]*\))? (?:is found|requires|does)|while executing (?:'FUNCTION |function )(\w+)|overload of (\w+)/,
    'function',
  ],
  [/[Uu]nknown (?:aggregate )?function (\w+)|[Ff]unction with name [`'](\w+)[`']/, 'word'],
];
