/**
 * How Node is started for a command, besides its script: cli/pktc.sh has the same. With 0 V8 compiles and collects garbage in as many
 * threads as there are processors but one. Its usual four are more than two processors have room for, and the command's own thread waits
 * for them: 100,000 rules take a sixth longer, and 1,000 up to three quarters (docs/performance.md, Compiler).
 */
export const NODE_OPTIONS: readonly string[] = ['--v8-pool-size=0'];
