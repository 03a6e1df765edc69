/**
 * Whose turn it is among tasks of one flow and priority. Turns are rounds: a task without an account joins the next round, and the first
 * task of an account does too, its second the round after that, and so on. So an account that queues a million is in every round with one
 * task, and another that queues ten waits for two rounds at most. A round that is being leased gets no more tasks, therefore it ends, and
 * none of the next is passed over for ever. Without accounts the order is that of age.
 *
 * The rounds are counted from the first task that waits, and where none does, from the time in microseconds: one round takes longer than
 * that, so that rounds stay behind the clock, and whoever queued before the queue was empty for a moment is not behind those who came after.
 */
const nowTurn = `(extract(epoch from clock_timestamp()) * 1000000)::bigint`;

/** The round that is being leased, of the flow and priority of `task`; null where no task waits. */
export function headTurn(task: string): string {
  return `(select head.turn from gccflow.scrape_request_log head
      where head.flow = ${task}.flow and head.priority = ${task}.priority and head.status = 'PENDING' and head.ready
      order by head.turn limit 1)`;
}

/** The round in which `task` waits that is next to be leased, as of a task that was leased before. */
export function firstTurn(task: string): string {
  return `coalesce(${headTurn(task)}, ${nowTurn})`;
}

/** The round in which a new task waits, for the first one of `task`'s account. */
export function nextTurn(task: string): string {
  return `greatest(coalesce(${headTurn(task)} + 1, ${nowTurn}), ${lastOfAccount(task)} + 1)`;
}

/** Null for a task without an account. */
function lastOfAccount(task: string): string {
  return `(select last.turn from gccflow.scrape_request_log last
      where last.flow = ${task}.flow and last.priority = ${task}.priority and last.account_id = ${task}.account_id
        and last.status = 'PENDING' and last.ready
      order by last.turn desc limit 1)`;
}
