import { relationSql } from '../manifest/relation.ts';
import type { WriteStep } from '../materializations/materialization.ts';
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
  const statements = [...planned.build.steps.map(explainStep), ...explainAudits(planned), explainPublication(planned)];
  return [
    `${planned.node}  ${planned.build.mode}  ${relationSql(planned.relation)}`,
    `  why: ${planned.build.reason}`,
    ...waits,
    ...statements,
  ].join('\n');
}

function explainStep(step: WriteStep): string {
  return `  -- ${step.purpose}\n${indent(stepSql(step))}`;
}

/** A step as SQL; columns and partitions that only the run knows are named in angle brackets. */
export function stepSql(step: WriteStep): string {
  switch (step.kind) {
    case 'statement':
    case 'fit_types':
      return step.sql;
    case 'insert':
      return step.columnsBy === 'name'
        ? `insert into ${relationSql(step.into)} (<columns of the select>)\n${step.sql}`
        : `insert into ${relationSql(step.into)} (\n${step.sql}\n)`;
    case 'load':
      return `insert into ${relationSql(step.into)} format CSVWithNames <the file>`;
    case 'match_columns':
      return `describe table (\n${step.sql}\n)`;
    case 'drop_partitions':
      return `alter table ${relationSql(step.table)} drop partition id <each of>\n${step.query}`;
  }
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
