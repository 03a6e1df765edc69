import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { GccflowError } from '../../framework/foundation/error.ts';
import { type ScratchProject, scratchProject } from '../support/scratch-project.ts';

const post = 'sources/seeds/post.csv';
const intact = 'Nothing was loaded; its table is as it was.';
const good = 'id,title,views\n1,"two\nlines",10\n2,b,20\n';

test('every value that does not fit is placed by line and column, and nothing is loaded', async () => {
  await using project = await seedProject(good);
  await project.run('seed');
  await project.write({ [post]: `${good}3,"x\ny",many\n4,"long, ""quoted""",99999999999\n,c,30\n` });

  const error = await seedError(project);

  assert.equal(error.message, `The seed 'post' has 3 values that do not fit their columns. ${intact}`);
  assert.deepEqual(error.at, { file: post, line: 6, column: 4 });
  assert.deepEqual(error.hint?.split('\n').slice(1), [
    `${post}:6:4 the column 'views' (Int32)`,
    `${post}:7:22 the column 'views' (Int32)`,
    `${post}:8:1 the column 'id' (Int32)`,
  ]);
  assert.doesNotMatch(JSON.stringify([error.message, error.hint]), /many|99999/);
  assert.equal((await project.query('select * from @.post')).length, 2);
  assert.deepEqual(await project.staging(), []);
});

test('of many values that do not fit, the first twenty are listed and the others counted', async () => {
  await using project = await seedProject(`id,title,views\n${'1,a,-\n'.repeat(1234)}`);

  const { message, hint } = await seedError(project);

  assert.match(message, /has 1,234 values that do not fit their columns/);
  assert.equal(hint?.split('\n').length, 22);
  assert.match(hint ?? '', /:21:5 the column 'views' \(Int32\)\n… and 1,214 more$/);
});

test('values without a cast of their own that does not throw are found too, wherever they stand', async () => {
  const rows = Array.from({ length: 100 }, (_, row) => `${row},"[${row === 20 ? 300 : row === 77 ? '' : row}",${row}\n`);
  await using project = await seedProject(`id,title,views\n${rows.join('').replaceAll(/(\[\d+)"/g, '$1]"')}`, '{ title: "Array(UInt8)" }');

  const { at, hint } = await seedError(project);

  assert.equal(at?.line, 22);
  assert.deepEqual(hint?.split('\n').slice(1), [
    `${post}:22:4 the column 'title' (Array(UInt8))`,
    `${post}:79:4 the column 'title' (Array(UInt8))`,
  ]);
});

const malformed: Readonly<Record<string, readonly [rows: string, message: string, line: number, column: number]>> = {
  'too few fields': ['1,a,2\n3,b\n', 'a row with 2 fields in place of 3', 3, 1],
  'too many fields': ['1,a,2,3\n', 'a row with 4 fields in place of 3', 2, 7],
  'an empty line': ['1,a,2\n\n2,b,3\n', 'a row with 1 field in place of 3', 3, 1],
  'a quote that is not closed': ['1,"a,2\n2,b,3\n', 'a row with a quote that is not closed, or that text follows', 2, 3],
  'text after a quote': ['1,"a"b,2\n', 'a row with a quote that is not closed, or that text follows', 2, 3],
};
for (const [name, [rows, message, line, column]] of Object.entries(malformed)) {
  test(`${name} is a mistake with its place`, async () => {
    await using project = await seedProject(`id,title,views\n${rows}`);

    const error = await seedError(project);

    assert.equal(error.message, `The seed 'post' has ${message}. ${intact}`);
    assert.deepEqual(error.at, { file: post, line, column });
  });
}

const headers: Readonly<Record<string, readonly [file: string | Uint8Array, message: string, column: number]>> = {
  'an empty file': ['', 'has no header: its file is empty', 1],
  'two columns of one name': ['id,title,id,views\n', "has two columns named 'id'", 10],
  'a column without a name': ['id,,views\n', 'has a column without a name', 4],
  'a declared column that is missing': ['id,view,title\n', "declares the column 'views', and its file has no such column", 1],
  'lines that end with carriage returns': ['id,title,views\r1,a,2\r', 'has lines that end with a carriage return alone', 1],
  'a file in UTF-16': [Buffer.from('id,title,views\n1,a,2\n', 'utf16le'), 'is not written in UTF-8', 1],
};
for (const [name, [file, message, column]] of Object.entries(headers)) {
  test(`${name} is a mistake before anything runs`, async () => {
    await using project = await seedProject(file);

    await assert.rejects(project.run('seed'), {
      code: 'SEED_INVALID',
      message: `The seed 'post' ${message}.`,
      at: { file: post, line: 1, column },
    });
  });
}

test('a packed file that breaks off loads nothing', async () => {
  const packed = gzipSync(`id,title,views\n${Array.from({ length: 20_000 }, (_, id) => `${id},title ${id * 7919},${id}\n`).join('')}`);
  await using project = await scratchProject({
    'sources/seeds/post.csv.gz': packed.subarray(0, packed.length / 2),
    'sources/seeds/post.yaml': seedYaml(),
  });

  const error = await seedError(project);

  assert.match(error.message, /^The file of the seed 'post' cannot be read: unexpected end of file\./);
  assert.deepEqual(await project.query(`select name from system.tables where database = '@'`), []);
  assert.deepEqual(await project.staging(), []);
});

test('a text that is not UTF-8 is a mistake', async () => {
  await using project = await seedProject(Buffer.from('id,title,views\n1,caf\xe9,2\n', 'latin1'));

  assert.deepEqual((await seedError(project)).at, { file: post, line: 2, column: 3 });
});

const accepted: Readonly<Record<string, readonly [file: string, rows: readonly unknown[], config?: string]>> = {
  'a header alone': ['id,title,views\n', []],
  'a last line without its break': ['id,title,views\n1,a,2', [{ id: 1, title: 'a', views: 2 }]],
  'empty lines at the end': ['id,title,views\n1,a,2\n\n\r\n\n', [{ id: 1, title: 'a', views: 2 }]],
  'a byte order mark before a quoted header': ['\uFEFF"id",title,views\n1,a,2\n', [{ id: 1, title: 'a', views: 2 }]],
  'line breaks of Windows': ['id,title,views\r\n1,"a\r\n\r\nb",2\r\n', [{ id: 1, title: 'a\r\n\r\nb', views: 2 }]],
  'blanks around a text': ['id,title,views\n1,  a ,2\n', [{ id: 1, title: '  a ', views: 2 }]],
  'columns in another order': ['views,id,title\n2,1,a\n', [{ views: 2, id: 1, title: 'a' }]],
  semicolons: ['id;title;views\n1;"a;b";2\n', [{ id: 1, title: 'a;b', views: 2 }], 'delimiter: ";"'],
  tabs: ['id\ttitle\tviews\n1\ta b\t2\n', [{ id: 1, title: 'a b', views: 2 }], 'delimiter: "\\t"'],
};
for (const [name, [file, rows, config]] of Object.entries(accepted)) {
  test(`a seed with ${name} is read`, async () => {
    await using project = await seedProject(file, '{}', config);

    const { nodes } = await project.run('seed');

    assert.deepEqual(
      nodes.map(({ error }) => error),
      [null],
    );
    assert.deepEqual(await project.query('select * from @.post'), rows);
  });
}

test('an empty field and \\N are NULL, quotes make an empty text, and a String has no NULL', async () => {
  const rows = '1,,1\n2,"",2\n3,\\N,3\n';
  await using project = await seedProject(`id,title,views\n${rows}`, '{ title: Nullable(String) }');
  await project.run('seed');
  const nullable = await project.query('select title from @.post order by id');
  await project.write({ 'sources/seeds/post.yaml': seedYaml() });

  const error = await seedError(project);

  assert.deepEqual(nullable, [{ title: null }, { title: '' }, { title: null }]);
  assert.deepEqual(error.at, { file: post, line: 4, column: 3 });
});

test('a packed seed is read as it is, with types inferred by ClickHouse', async () => {
  await using project = await scratchProject({
    'sources/seeds/post.csv.gz': gzipSync('id,at,score,note\n1,2018-01-02,,x\n2,2018-01-03,2.5,\n'),
  });

  const { nodes } = await project.run('seed');

  assert.deepEqual(
    nodes.map(({ rowsWritten, error }) => [rowsWritten, error]),
    [[2, null]],
  );
  assert.deepEqual(await project.query('select id, at, score, note, toTypeName(score) as type from @.post order by id'), [
    { id: '1', at: '2018-01-02', score: null, note: 'x', type: 'Nullable(Float64)' },
    { id: '2', at: '2018-01-03', score: 2.5, note: '', type: 'Nullable(Float64)' },
  ]);
});

test('inferred types keep what was written: leading zeros and long numbers are texts', async () => {
  await using project = await scratchProject({ [post]: 'zip,long,none\n007,123456789012345678901234567890,\\N\n123,5,x\n' });

  await project.run('seed');

  assert.deepEqual(await project.query('select * from @.post order by zip'), [
    { zip: '007', long: '123456789012345678901234567890', none: null },
    { zip: '123', long: '5', none: 'x' },
  ]);
});

test('a value beyond the sample that types are inferred from is still held to its type', async () => {
  await using project = await scratchProject({ [post]: `id\n${'1\n'.repeat(40_000)}1.5\n` });

  assert.deepEqual((await seedError(project)).at, { file: post, line: 40_002, column: 1 });
});

test('a seed is loaded again when its bytes or its config change, and on a full refresh', async () => {
  await using project = await scratchProject({ [post]: 'id\n1\n' });
  const load = async () => (await project.run('seed')).nodes[0];
  const status = async (options = {}) => (await project.run('seed', options)).nodes[0]?.status;

  const first = await status();
  const { status: same, message, publicationId } = (await load()) ?? assert.fail();
  const refreshed = await status({ fullRefresh: true });
  await project.write({ [post]: 'id\n2\n' });
  const changed = await status();

  assert.deepEqual([first, same, refreshed, changed], ['success', 'unchanged', 'success', 'success']);
  assert.match(message, new RegExp(`^unchanged since 20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ \\(publication ${publicationId}\\)$`));
  assert.deepEqual(await project.query('select id from @.post'), [{ id: '2' }]);
});

test('a type declared for a column that the file does not have is a mistake, with the nearest name', async () => {
  await using project = await seedProject('id,view,title\n1,2,x\n');

  await assert.rejects(project.run('seed'), { code: 'SEED_INVALID', hint: "Did you mean 'view'?" });
});

test('a type that ClickHouse does not have is named with its column', async () => {
  await using project = await seedProject(good, '{ views: Int33 }');

  await assert.rejects(project.run('seed'), {
    code: 'SEED_INVALID',
    message: "The seed 'post' declares the type 'Int33' for 'views', which ClickHouse does not have.",
  });
});

function seedProject(file: string | Uint8Array, types = '{}', config = ''): Promise<ScratchProject> {
  return scratchProject({ [post]: file, 'sources/seeds/post.yaml': seedYaml(types, config) });
}

/** A seed with an id, a title and views; `types` in place of their own. */
function seedYaml(types = '{}', config = ''): string {
  const own = types.slice(1, -1).trim();
  const declared = { id: 'Int32', title: 'String', views: 'Int32' };
  const others = Object.entries(declared).filter(([name]) => !own.startsWith(`${name}:`));
  const all = [...others.map(([name, type]) => `${name}: ${type}`), own].filter(Boolean).join(', ');
  return `kind: seeds\nseeds:\n  - name: post\n    config: { column_types: { ${all} } ${config && `, ${config}`} }\n`;
}

async function seedError(project: ScratchProject): Promise<GccflowError> {
  const { nodes } = await project.run('seed');
  const error = nodes[0]?.error;
  assert.equal(error?.code, 'SEED_INVALID');
  return error;
}
