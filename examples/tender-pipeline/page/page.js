// Four operations and a run, watched with plain socket.io-client: the newest values come with the first answer, so a page
// that is opened late, or comes back, shows what is.
const room = 'project:tender';
const state = document.querySelector('#state');
const cancel = document.querySelector('#cancel');
const socket = io({ auth: (use) => void fetch('/token').then(async (answer) => use(await answer.json())) });
let position = {};
let run = null;

socket.on('connect', () => {
  socket.emit('subscribe', { room, ...position, state: true }, ({ offset, epoch, last_id, state: values = [] }) => {
    position = { offset, epoch, last_id };
    for (const { event, data } of values) show(event, data);
  });
});
socket.on('disconnect', () => (state.textContent = 'The server is away; the work goes on when it is back.'));
socket.on('connect_error', () => setTimeout(() => socket.connect(), 1000));
socket.onAny((event, { offset, id, data, rooms = [] }) => {
  if (!rooms.includes(room)) return;
  if (offset) position = { ...position, offset, last_id: id };
  show(event, data);
});

function show(event, data) {
  const [name, what] = event.split('.');
  const bar = document.getElementById(name);
  if (bar && what === 'progress') {
    bar.value = data.progress;
    bar.nextElementSibling.textContent = data.message ?? data.current_requirement ?? data.current_section ?? '';
  }
  if (event === 'operation.failed') state.textContent = `${data.operation}: ${data.error}`;
  if (name !== 'workflow') return;
  run = data.workflow_id;
  const over = ['completed', 'failed', 'cancelled'].includes(what);
  cancel.disabled = over;
  if (!over) state.textContent = `${data.progress ?? 0} %`;
  else if (what === 'completed')
    state.innerHTML = `<a href="/tenders/${encodeURIComponent(run)}">The tender</a> is ready.`;
  else state.textContent = `The run was ${what}${data.error ? `: ${data.error.message}` : '.'}`;
}

async function begin(body) {
  for (const bar of document.querySelectorAll('progress')) bar.value = 0;
  for (const output of document.querySelectorAll('output')) output.textContent = '';
  await fetch('/tenders', { method: 'POST', body, headers: body ? { 'content-type': 'application/pdf' } : {} });
}
document.querySelector('#example').onclick = () => void begin();
document.querySelector('#file').onchange = ({ target }) => void begin(target.files[0]);
cancel.onclick = () => void fetch(`/tenders/${encodeURIComponent(run)}/cancel`, { method: 'POST' });
