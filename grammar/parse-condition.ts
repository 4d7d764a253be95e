/** The part of the grammar that conditions and values are read by, LL(1); `parser.ts` says how the whole is used. */
import type { CstNode, IParserConfig, ParserMethod, TokenType } from 'chevrotain';
import { CstParser } from './chevrotain.ts';
import { BARE_WORDS } from './fields/bare.ts';
import * as T from './tokens.ts';

const { Reserved: R, Contextual: C } = T;

const OPERATORS: readonly TokenType[] = [
  T.Equal,
  T.NotEqual,
  T.Less,
  T.LessEqual,
  T.Greater,
  T.GreaterEqual,
  R.in,
  R.contains,
  R.starts,
  R.ends,
];

/** Operators behind which `nocase` is never a name. */
const TEXT_OPERATORS: readonly TokenType[] = [R.contains, R.starts, R.ends];

export type Rule = ParserMethod<[], CstNode>;

export abstract class ConditionParser extends CstParser {
  /** The comparison just read has a field and may be followed by `per` and `,!ACK`. */
  private plain = false;

  protected constructor(config: IParserConfig) {
    super([...T.TOKEN_TYPES], config);
  }

  /* Conditions */

  /** `either = both { "or" both } ;` */
  protected readonly either: Rule = this.RULE('either', () => {
    this.SUBRULE(this.both);
    this.MANY(() => {
      this.CONSUME(R.or);
      this.SUBRULE2(this.both);
    });
  });

  /** `both = term { [ "and" ] term } ;` */
  protected readonly both: Rule = this.RULE('both', () => {
    this.SUBRULE(this.term);
    this.MANY(() => {
      this.OPTION(() => this.CONSUME(R.and));
      this.SUBRULE2(this.term);
    });
  });

  /**
   * `term = { "not" } ( tupled | "(" either ")" | compare [ "per" key ] { more } ) ;` the tail only behind a field with a value;
   * a parenthesis with a comma behind its first word, or an operator behind its only one, is a tuple's
   */
  protected readonly term: Rule = this.RULE('term', () => {
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
      {
        ALT: () => {
          this.SUBRULE(this.compare);
          this.OPTION({
            GATE: () => this.plain,
            DEF: () => {
              this.CONSUME(R.per);
              this.SUBRULE(this.key);
            },
          });
          this.MANY2({ GATE: () => this.plain, DEF: () => this.SUBRULE(this.more) });
        },
      },
    ]);
  });

  /** `more = "," [ "!" ] WORD ;` */
  protected readonly more: Rule = this.RULE('more', () => {
    this.CONSUME(T.Comma);
    this.OPTION(() => this.CONSUME(T.Bang));
    this.CONSUME(T.Word);
  });

  protected atTuple(): boolean {
    if (this.LA(1).tokenType !== T.OpenParen || !isWord(this.LA(2).tokenType)) return false;
    const third = this.LA(3).tokenType;
    return third === T.Comma || (third === T.CloseParen && OPERATORS.includes(this.LA(4).tokenType));
  }

  /** `tupled = tuple op ( value | row ) ;` */
  protected readonly tupled: Rule = this.RULE('tupled', () => {
    this.SUBRULE(this.tuple);
    this.SUBRULE(this.operator);
    this.OR([{ ALT: () => this.SUBRULE(this.row) }, { ALT: () => this.SUBRULE(this.value) }]);
  });

  /** `compare = BARE | FIELD [ call | sliced | masked | searched | valued ] ;` a bare word with an operator behind it is a field */
  protected readonly compare: Rule = this.RULE('compare', () => {
    const name = this.CONSUME(T.Word);
    let bare = false;
    this.ACTION(() => {
      bare = Object.hasOwn(BARE_WORDS, name.image) && !OPERATORS.includes(this.LA(1).tokenType);
      this.plain = !bare && this.LA(1).tokenType !== T.OpenParen;
    });
    const plain = this.ACTION(() => this.plain);
    // `then … FIELD within 10s per src` is the end of a rule's steps, and its field has no value.
    const ends = this.LA(1).tokenType === R.within && this.LA(3).tokenType === R.per;
    this.OPTION({
      GATE: () => !bare && !ends,
      DEF: () => {
        this.OR([
          { ALT: () => this.SUBRULE(this.call) },
          { ALT: () => this.SUBRULE(this.sliced) },
          { ALT: () => this.SUBRULE(this.masked) },
          { ALT: () => this.SUBRULE(this.searched) },
          { ALT: () => this.SUBRULE(this.valued) },
        ]);
      },
    });
    this.ACTION(() => {
      this.plain = plain;
    });
  });

  /** `call = "(" either ")" [ op value ] ;` */
  protected readonly call: Rule = this.RULE('call', () => {
    this.CONSUME(T.OpenParen);
    this.SUBRULE(this.either);
    this.CONSUME(T.CloseParen);
    this.OPTION(() => {
      this.SUBRULE(this.operator);
      this.SUBRULE(this.value);
    });
  });

  /** `sliced = "[" LITERAL ":" LITERAL "]" ( masked | valued ) ;` offset and length in bytes */
  protected readonly sliced: Rule = this.RULE('sliced', () => {
    this.CONSUME(T.OpenBracket);
    this.CONSUME(T.Literal);
    this.CONSUME(T.Colon);
    this.CONSUME2(T.Literal);
    this.CONSUME(T.CloseBracket);
    this.OR([{ ALT: () => this.SUBRULE(this.masked) }, { ALT: () => this.SUBRULE(this.valued) }]);
  });

  /** `masked = "&" LITERAL op value ;` */
  protected readonly masked: Rule = this.RULE('masked', () => {
    this.CONSUME(T.Ampersand);
    this.CONSUME(T.Literal);
    this.SUBRULE(this.operator);
    this.SUBRULE(this.value);
  });

  /** `searched = "within" LITERAL op [ "nocase" ] value ;` how far is looked, in bytes */
  protected readonly searched: Rule = this.RULE('searched', () => {
    this.CONSUME(R.within);
    this.CONSUME(T.Literal);
    this.SUBRULE(this.operator);
    this.OPTION({ GATE: () => this.atNocase(), DEF: () => this.CONSUME(C.nocase) });
    this.SUBRULE(this.value);
  });

  /** `valued = [ op ] [ "!" | "nocase" ] value ;` */
  protected readonly valued: Rule = this.RULE('valued', () => {
    this.OPTION(() => this.SUBRULE(this.operator));
    this.OPTION2(() => this.CONSUME(T.Bang));
    this.OPTION3({ GATE: () => this.atNocase(), DEF: () => this.CONSUME(C.nocase) });
    this.SUBRULE(this.value);
  });

  /** A value may be called `nocase`: the word is what it says where text follows, or where text was announced. */
  protected atNocase(): boolean {
    if (this.LA(1).tokenType !== C.nocase) return false;
    const [before, next] = [this.LA(0).tokenType, this.LA(2).tokenType];
    return next === T.Text || (TEXT_OPERATORS.includes(before) ? next === T.OpenBrace || isWord(next) : next === T.OpenBrace);
  }

  /** `op = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains" | "starts" | "ends" ;` */
  protected readonly operator: Rule = this.RULE('operator', () => {
    this.OR(OPERATORS.map((type) => ({ ALT: () => this.CONSUME(type) })));
  });

  /* Values */

  /** `value = scalar | list ;` */
  protected readonly value: Rule = this.RULE('value', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.list) }, { ALT: () => this.SUBRULE(this.scalar) }]);
  });

  /** `scalar = WORD [ "*" NUMBER ] | LITERAL [ "-" LITERAL ] | STRING ;` */
  protected readonly scalar: Rule = this.RULE('scalar', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Word);
          this.OPTION(() => {
            this.CONSUME(T.Star);
            this.CONSUME(T.Numeral);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Literal);
          this.OPTION2(() => {
            this.CONSUME(T.Dash);
            this.CONSUME2(T.Literal);
          });
        },
      },
      { ALT: () => this.CONSUME(T.Text) },
    ]);
  });

  /** `list = "{" [ item { "," item } [ "," ] ] "}" ;  item = scalar | row ;` */
  protected readonly list: Rule = this.RULE('list', () => {
    let open = true;
    this.CONSUME(T.OpenBrace);
    this.MANY({
      GATE: () => open,
      DEF: () => {
        this.OR([{ ALT: () => this.SUBRULE(this.row) }, { ALT: () => this.SUBRULE(this.scalar) }]);
        open = false;
        this.OPTION(() => {
          this.CONSUME(T.Comma);
          open = true;
        });
      },
    });
    this.CONSUME(T.CloseBrace);
  });

  /** `row = "(" value { "," value } ")" ;` */
  protected readonly row: Rule = this.RULE('row', () => {
    this.CONSUME(T.OpenParen);
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.value) });
    this.CONSUME(T.CloseParen);
  });

  /** `key = WORD | tuple ;` */
  protected readonly key: Rule = this.RULE('key', () => {
    this.OR([{ ALT: () => this.CONSUME(T.Word) }, { ALT: () => this.SUBRULE(this.tuple) }]);
  });

  /** `tuple = "(" WORD { "," WORD } ")" ;` */
  protected readonly tuple: Rule = this.RULE('tuple', () => {
    this.CONSUME(T.OpenParen);
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.CONSUME(T.Word) });
    this.CONSUME(T.CloseParen);
  });
}

function isWord(type: TokenType): boolean {
  return type === T.Word || (type.CATEGORIES ?? []).includes(T.Word);
}
