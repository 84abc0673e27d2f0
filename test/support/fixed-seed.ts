import fc from 'fast-check';

/** Importing this gives every generated case of the file one seed: the gate is deterministic. `FC_SEED` tries another. */
const seed = Number(process.env.FC_SEED ?? 20_261_120);
console.log(`generated cases from FC_SEED=${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
