// XState 5 on exported machines: what it does on a fact, asked line by line.
// Arguments: its folder of modules, and the files of the machines. Each line in is one trace, in JSON:
// [machine, [fact, {guard: truth, ...}], ...]. Its line out has, for each fact, the state and the row that was taken
// (-1: none, for the machine has ended). A guard that the step does not name is a fault, and so is a row that is
// taken although one of its `unless` is true.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [modules, ...files] = process.argv.slice(2);
const { setup, initialTransition, transition, fromPromise } = createRequire(join(modules, "_"))("xstate");

function truth(event, name) {
  if (!(name in event.truths)) throw new Error(`${event.type}: nothing is said of ${name}`);
  return event.truths[name];
}

/** The implementations that a configuration names: guards read the event, nothing else does anything. */
function implemented(config) {
  const guards = {}, actions = {}, actors = {}, delays = {};
  for (const state of Object.values(config.states)) {
    for (const { src } of state.invoke ?? []) actors[src] = fromPromise(() => new Promise(() => {}));
    for (const delay of Object.keys(state.after ?? {})) if (!/^\d+$/.test(delay)) delays[delay] = 1e9;
    const rows = [...Object.values(state.on ?? {}), ...Object.values(state.after ?? {})].flat();
    for (const { guard, actions: named } of rows) {
      if (guard) guards[guard] = ({ event }) => truth(event, guard);
      for (const action of named ?? []) actions[action.type ?? action] = () => {};
    }
  }
  return setup({ guards, actions, actors, delays }).createMachine(config);
}

function step(machine, snapshot, type, truths) {
  const event = { type, truths };
  const [taken, ...more] = snapshot.status === "done" ? [] : machine.getTransitionData(snapshot, event) ?? [];
  if (more.length) throw new Error(`${type}: more than one row is taken`);
  for (const name of taken?.meta.unless ?? [])
    if (truth(event, name)) throw new Error(`${type}: a row is taken unless ${name}, which is true`);
  const [next] = transition(machine, snapshot, event);
  return [next, taken ? taken.meta.row : -1];
}

const machines = Object.fromEntries(files.map((file) => {
  const machine = implemented(JSON.parse(readFileSync(file, "utf-8")));
  return [machine.id, { machine, first: initialTransition(machine)[0] }];
}));

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...facts] = JSON.parse(line);
  const { machine, first } = machines[name];
  let snapshot = first;
  const answers = facts.map(([type, truths]) => {
    const [next, row] = step(machine, snapshot, type, truths);
    snapshot = next;
    return [next.value, row];
  });
  process.stdout.write(JSON.stringify(answers) + "\n");
}
