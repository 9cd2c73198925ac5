import yargs, { type CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { PATCHML_VERSION } from '../version.js';
import { compareCommand } from './compare.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { complete, examples, runningCommand, withLongName } from './flags.js';
import {
  composeCommand,
  extractCommand,
  generateCommand,
  indexCommand,
  planCommand,
} from './generate.js';
import { initCommand } from './init.js';
import { inspectCommand } from './inspect.js';
import { modelCommand } from './model.js';
import { regenerateCommand } from './regenerate.js';
import { releaseCommand } from './release.js';
import { plotCommand, reportCommand } from './report.js';
import { exitWithError, print, UsageError } from './run.js';
import { scoreCommand } from './score.js';
import { studyCommand } from './study.js';
import { pullCommand, pushCommand } from './transfer.js';
import { verifyCommand } from './verify.js';

/** In the order of the help. Each has flags of its own, which yargs' types do not hold in a list. */
const COMMANDS = [
  generateCommand,
  indexCommand,
  extractCommand,
  planCommand,
  composeCommand,
  verifyCommand,
  inspectCommand,
  evaluateCommand,
  scoreCommand,
  compareCommand,
  studyCommand,
