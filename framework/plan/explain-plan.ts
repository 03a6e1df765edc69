import { relationSql } from '../manifest/relation.ts';
import { dictionarySql } from '../materializations/dictionary-sql.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import { formatIntervals } from './interval-memory.ts';
import type { Plan, PlannedBuild, PlannedNode } from './plan.ts';
import { formatPublication } from './publication.ts';

/** A plan for people: per node what happens to it, why, and the statements in their order. */
export function explainPlan(plan: Plan): string {
  if (plan.nodes.length === 0) return 'Nothing to run.\n';
  return `${plan.nodes.map(explainNode).join('\n\n')}\n`;
}

function explainNode(planned: PlannedNode): string {
  const waits = planned.waitsFor.length === 0 ? [] : [`  after: ${planned.waitsFor.join(', ')}`];
  if (planned.kind !== 'build') return [`${planned.node}  ${planned.kind}`, ...waits].join('\n');
  if (planned.unchangedSince !== null) {
    return [`${planned.node}  unchanged since ${formatPublication(planned.unchangedSince)}`, ...waits, ...explainAudits(planned)].join(
      '\n',
    );
  }
  const statements = [
    ...planned.build.steps.map(explainStep),
    ...explainAudits(planned),
    ...(planned.build.commit ?? []).map(explainStep),
    explainPublication(planned),
  ];
  return [
    `${planned.node}  ${planned.build.mode}  ${relationSql(planned.relation)}`,
    `  why: ${planned.build.reason}`,
    ...explainIntervals(planned),
    ...waits,
    ...statements,
  ].join('\n');
}

function explainIntervals({ intervals, later }: PlannedBuild): string[] {
  if (intervals === null) return [];
  const all = [intervals, ...later.map((publication) => publication.intervals ?? [])];
  const count = all.flat().length;
  const pieces = later.length === 0 ? '' : `, in ${all.length} publications, of which this is the first`;
  return [`  intervals: ${count} (${formatIntervals(all.flat())})${pieces}`];
}

function explainStep(step: WriteStep): string {
  return `  -- ${step.purpose}\n${indent(stepSql(step))}`;
}

/** A step as SQL; columns and partitions that only the run knows are named in angle brackets. */
export function stepSql(step: WriteStep): string {
  switch (step.kind) {
    case 'statement':
    case 'fit_types':
    case 'on_matched_columns':
      return step.sql;
    case 'keep_tokens_as':
      return `alter table ${relationSql(step.table)} modify setting <the deduplication window of ${relationSql(step.source)}>`;
    case 'catch_up':
      return [step.start, `${step.fill}\n-- for each partition of ${relationSql(step.source)}`, step.release].join('\n');
    case 'create_dictionary':
      return dictionarySql(step.dictionary, null);
    case 'require_columns':
      return `describe table (\n${step.sql}\n)`;
    case 'require_none':
      return step.query;
    case 'insert':
      return step.columnsBy === 'name'
        ? `insert into ${relationSql(step.into)} (<columns of the select>)\n${step.sql}`
        : `insert into ${relationSql(step.into)} (\n${step.sql}\n)`;
    case 'load':
      return `insert into ${relationSql(step.into)} format CSVWithNames <the file>`;
    case 'match_columns':
      return `describe table (\n${step.sql}\n)`;
    case 'intervals':
      return intervalsSql(step);
    case 'drop_partitions':
      return `alter table ${relationSql(step.table)} drop partition id <each of>\n${step.query}`;
  }
}

/** All intervals run the same SELECT, so that of the first tells. */
function intervalsSql({ intervals, table }: Extract<WriteStep, { kind: 'intervals' }>): string {
  const [first] = intervals;
  if (!first) return '';
  const others = intervals.length === 1 ? [] : [`-- the same for ${formatIntervals(intervals.slice(1).map(({ interval }) => interval))}`];
  return [
    `insert into ${relationSql(first.into)} (\n${first.sql}\n)`,
    ...others,
    `alter table ${relationSql(table)} drop partition id <each that holds rows of the intervals>`,
    `alter table ${relationSql(table)} attach partition all from <each of the new tables, and the rows that stay>`,
  ].join('\n');
}

function explainAudits({ audits }: PlannedBuild): string[] {
  return audits.length === 0 ? [] : [`  -- audit: ${audits.join(', ')}`];
}

function explainPublication({ stage, relation, replaces, retain }: PlannedBuild): string {
  const [from, to] = [relationSql(stage), relationSql(relation)];
  if (replaces === null) return `  -- publish\n${indent(`rename table ${from} to ${to}`)}`;
  const fate =
    replaces.publication === null
      ? 'the foreign relation is kept'
      : retain === 0
        ? 'the old version is dropped'
        : 'the old version is kept';
  return `  -- publish; ${fate}\n${indent(`exchange tables ${from} and ${to}`)}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
