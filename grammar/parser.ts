/**
 * The grammar, LL(1), one method a rule with its EBNF above it. It reads one statement at a time: `compiler/1-parse` cuts a file into
 * statements, and that is where recovery happens. Within a statement chevrotain's own recovery is off: a statement with any error in
 * it is thrown away whole, so nothing would use what it saves, and it recurses once for each skipped stretch, so that 20,000
 * broken test items overflow the stack.
 */
import type { CstNode, IParserErrorMessageProvider, IToken } from 'chevrotain';
import { tokenLabel } from './chevrotain.ts';
import { ConditionParser, type Rule } from './parse-condition.ts';
import * as T from './tokens.ts';

const { Reserved: R, Contextual: C } = T;

/** Messages are made in `compiler/1-parse`; the parser only says which token it wanted. */
const BARE_MESSAGES: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => tokenLabel(expected),
  buildNotAllInputParsedMessage: () => '',
  buildNoViableAltMessage: () => '',
  buildEarlyExitMessage: () => '',
};

class StatementParser extends ConditionParser {
  constructor(validate: boolean) {
    super({
      maxLookahead: 1,
      recoveryEnabled: false,
      nodeLocationTracking: 'none',
      errorMessageProvider: BARE_MESSAGES,
      skipValidations: !validate,
    });
    this.performSelfAnalysis();
  }

  /** `statement = include | hook | default | let | set | rule | test ;` */
  readonly statement: Rule = this.RULE('statement', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.include) },
      { ALT: () => this.SUBRULE(this.hook) },
      { ALT: () => this.SUBRULE(this.default) },
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.rule) },
      { ALT: () => this.SUBRULE(this.test) },
    ]);
  });

  /** `include = "include" STRING ;` */
  private readonly include: Rule = this.RULE('include', () => {
    this.CONSUME(R.include);
    this.CONSUME(T.Text);
  });

  /** `hook = "hook" WORD [ WORD ] ;` */
  private readonly hook: Rule = this.RULE('hook', () => {
    this.CONSUME(R.hook);
    this.CONSUME(T.Word);
    this.OPTION(() => this.CONSUME2(T.Word));
  });

  /** `default = "default" action ;` */
  private readonly default: Rule = this.RULE('default', () => {
    this.CONSUME(R.default);
    this.SUBRULE(this.action);
  });

  /** `let = "let" WORD "=" ( value | row ) ;` */
  private readonly let: Rule = this.RULE('let', () => {
    this.CONSUME(R.let);
    this.CONSUME(T.Word);
    this.CONSUME(T.Equal);
    this.OR([{ ALT: () => this.SUBRULE(this.row) }, { ALT: () => this.SUBRULE(this.value) }]);
  });

  /** `set = "set" ( WORD "=" ( value | row ) | ( LABEL key | WORD ":" key | WORD "from" STRING ) { setOption } ) ;` */
  private readonly set: Rule = this.RULE('set', () => {
    let written = false;
    this.CONSUME(R.set);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Label);
          this.SUBRULE(this.key);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Word);
          this.OR2([
            {
              ALT: () => {
                this.CONSUME(T.Colon);
                this.SUBRULE2(this.key);
              },
            },
            {
              ALT: () => {
                this.CONSUME(C.from);
                this.CONSUME(T.Text);
              },
            },
            {
              ALT: () => {
                this.CONSUME(T.Equal);
                written = true;
                this.OR3([{ ALT: () => this.SUBRULE(this.row) }, { ALT: () => this.SUBRULE(this.value) }]);
              },
            },
          ]);
        },
      },
    ]);
    this.MANY({ GATE: () => !written, DEF: () => this.SUBRULE(this.setOption) });
  });

  /** `setOption = WORD scalar ;` */
  private readonly setOption: Rule = this.RULE('setOption', () => {
    this.CONSUME(T.Word);
    this.SUBRULE(this.scalar);
  });

  /** `rule = [ LABEL ] "match" either [ steps ] "->" actions ;` */
  private readonly rule: Rule = this.RULE('rule', () => {
    this.OPTION(() => this.CONSUME(T.Label));
    this.CONSUME(R.match);
    this.SUBRULE(this.either);
    this.OPTION2(() => this.SUBRULE(this.steps));
    this.CONSUME(T.Arrow);
    this.SUBRULE(this.actions);
  });

  /** `steps = "then" either { "then" either } "within" NUMBER "per" key ;` */
  private readonly steps: Rule = this.RULE('steps', () => {
    this.AT_LEAST_ONE(() => {
      this.CONSUME(R.then);
      this.SUBRULE(this.either);
    });
    this.CONSUME(R.within);
    this.CONSUME(T.Numeral);
    this.CONSUME(R.per);
    this.SUBRULE(this.key);
  });

  /* Actions */

  /** `actions = action { ( "," | "/" ) action } ;` */
  private readonly actions: Rule = this.RULE('actions', () => {
    this.SUBRULE(this.action);
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(T.Comma) }, { ALT: () => this.CONSUME(T.Slash) }]);
      this.SUBRULE2(this.action);
    });
  });

  /** `action = WORD { argument } ;` */
  private readonly action: Rule = this.RULE('action', () => {
    this.CONSUME(T.Word);
    this.MANY(() => this.SUBRULE(this.argument));
  });

  /** `argument = scalar | list | tuple | "per" key | ( "when" | "unless" ) guard ;` */
  private readonly argument: Rule = this.RULE('argument', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.scalar) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.tuple) },
      {
        ALT: () => {
          this.CONSUME(R.per);
          this.SUBRULE(this.key);
        },
      },
      {
        ALT: () => {
          this.CONSUME(R.when);
          this.SUBRULE(this.guard);
        },
      },
      {
        ALT: () => {
          this.CONSUME(R.unless);
          this.SUBRULE2(this.guard);
        },
      },
    ]);
  });

  /** `guard = allOf { "or" allOf } ;` */
  private readonly guard: Rule = this.RULE('guard', () => {
    this.SUBRULE(this.allOf);
    this.MANY(() => {
      this.CONSUME(R.or);
      this.SUBRULE2(this.allOf);
    });
  });

  /** `allOf = guarded { "and" guarded } ;` side by side is not *and* here: what follows is the next argument */
  private readonly allOf: Rule = this.RULE('allOf', () => {
    this.SUBRULE(this.guarded);
    this.MANY(() => {
      this.CONSUME(R.and);
      this.SUBRULE2(this.guarded);
    });
  });

  /** `guarded = { "not" } ( tupled | "(" either ")" | compare ) ;` */
  private readonly guarded: Rule = this.RULE('guarded', () => {
    this.MANY(() => this.CONSUME(R.not));
    this.OR([
      { GATE: () => this.atTuple(), ALT: () => this.SUBRULE(this.tupled) },
      {
        ALT: () => {
          this.CONSUME(T.OpenParen);
          this.SUBRULE(this.either);
          this.CONSUME(T.CloseParen);
        },
      },
      { ALT: () => this.SUBRULE(this.compare) },
    ]);
  });

  /* Tests */

  /** `test = "test" STRING "{" { item } "}" ;` */
  private readonly test: Rule = this.RULE('test', () => {
    this.CONSUME(R.test);
    this.CONSUME(T.Text);
    this.CONSUME(T.OpenBrace);
    this.MANY(() => this.SUBRULE(this.item));
    this.CONSUME(T.CloseBrace);
  });

  /** `item = ( "packet" packet | "capture" STRING ) "expect" WORD [ NUMBER ] [ "by" WORD ] ;` */
  private readonly item: Rule = this.RULE('item', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(C.packet);
          this.SUBRULE(this.packet);
        },
      },
      {
        ALT: () => {
          this.CONSUME(C.capture);
          this.CONSUME(T.Text);
        },
      },
    ]);
    this.CONSUME(R.expect);
    this.CONSUME(T.Word);
    this.OPTION(() => this.CONSUME(T.Numeral));
    this.OPTION2(() => {
      this.CONSUME(C.by);
      this.CONSUME2(T.Word);
    });
  });

  /** `packet = WORD [ LITERAL ">" LITERAL ] { setting } ;` */
  private readonly packet: Rule = this.RULE('packet', () => {
    this.CONSUME(T.Word);
    this.OPTION(() => {
      this.CONSUME(T.Literal);
      this.CONSUME(T.Greater);
      this.CONSUME2(T.Literal);
    });
    this.MANY(() => this.SUBRULE(this.setting));
  });

  /** `setting = WORD ( scalar { "," WORD } | "(" packet ")" ) ;` */
  private readonly setting: Rule = this.RULE('setting', () => {
    this.CONSUME(T.Word);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.OpenParen);
          this.SUBRULE(this.packet);
          this.CONSUME(T.CloseParen);
        },
      },
      {
        ALT: () => {
          this.SUBRULE(this.scalar);
          this.MANY(() => {
            this.CONSUME(T.Comma);
            this.CONSUME2(T.Word);
          });
        },
      },
    ]);
  });
}

/** Building the lookahead tables takes milliseconds, so there is one instance; each call resets it and leaves nothing behind. */
const PARSER = new StatementParser(false);

/** What stopped the parser. */
export interface Stop {
  /** Index of the token it could not take; the number of tokens when the statement ended too early. */
  readonly at: number;
  /** How the token it wanted is called, `` when several would do. */
  readonly expected: string;
  /** The grammar rule it was in. */
  readonly rule: string;
}

export interface Reading {
  readonly cst: CstNode;
  /** null: the tokens are one statement, and `cst` is all of it. */
  readonly stop: Stop | null;
}

/** Reads the tokens of one statement. Recurses as deep as they nest: the caller limits that. Never throws. */
export function readStatement(tokens: readonly IToken[]): Reading {
  PARSER.input = tokens as IToken[];
  const cst = PARSER.statement();
  const error = PARSER.errors[0];
  PARSER.input = [];
  if (error === undefined) return { cst, stop: null };
  const at = tokens.indexOf(error.token);
  return {
    cst,
    stop: { at: at < 0 ? tokens.length : at, expected: error.message, rule: error.context.ruleStack.at(-1) ?? 'statement' },
  };
}

/** What chevrotain finds wrong with the tokens and the grammar (ambiguities, left recursion): nothing, as a test shows. */
export function grammarProblems(): readonly string[] {
  try {
    T.createLexer(true);
    new StatementParser(true);
    return [];
  } catch (error) {
    return [String(error)];
  }
}
