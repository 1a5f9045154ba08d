// Posts an event. Repeated with the same id it is the same event: node publish.mjs 11 matching-run-7
const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: token } = process.env;
const [matched = '11', id] = process.argv.slice(2);

const response = await fetch(`${ROOMCAST_URL}/api/v1/events`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({
    event: 'operation.completed',
    data: { project_id: '42', operation: 'matching', result: { matched: Number(matched) } },
    id,
  }),
});
console.log(response.status, await response.json());
