/**
 * The fates of a value, each once by hand: a program, and the lines of both
 * transcripts that show the fate. Random programs reach all of them, and more.
 */
export interface Move {
  readonly name: string;
  readonly program: string;
  readonly lines: readonly string[];
}

const two = "socket 0\nsocket 1\ninit 0 0\ninit 1 1\nfdpass 0\nfdpass 1\n";
/** Two messages of 16 bytes with the mark of a descriptor. */
const marked = "m1:2147483664:0:0:0:0+m2:2147483664:0:0:0:0";

export const moves: readonly Move[] = [
  {
    name: "is opened, looked at, and taken by its number",
    program: "fdopen 0\nfdvalue h0\nfdtake h0\nfdvalue 3",
    lines: [
      "0 fdopen = 3#1 alive 1",
      "1 fdvalue = #1",
      "2 fdtake = #1 alive 0",
      "end kept #1 left 0",
    ],
  },
  {
    name: "cannot be taken from the number of a socket",
    program: "socket 0\nfdtake 3\nfdvalue 3",
    lines: ["1 fdtake ! EBADF", "2 fdvalue ! EBADF"],
  },
  {
    name: "moves with the piece of its message, and its number is free before it arrives",
    program: `${two}compose 0 1 0 0 -1 x61\ncompose 0 2 0 0 n x6162\niwrite 0\niwrite 0\nfdopen 0\ntransfer 0 1 99`,
    lines: [
      "8 iwrite ok [1]",
      "9 iwrite ok [0] moved 5#1 to 3@17+18 closed 5#1",
      "10 fdopen = 5#2 alive 2",
      "11 transfer 6#1 ok",
    ],
  },
  {
    name: "is taken from what was written, and opened again under another number",
    program: `${two}compose 0 1 0 0 n x\niwrite 0\nfdopen 0\ntake 0\nfdagain 1`,
    lines: ["9 take = x01000000100000800000000001000000 0:5#1 alive 1", "10 fdagain = 6#1 alive 2"],
  },
  {
    name: "goes through two imsgbufs and back, and is closed once",
    program: `${two}compose 0 1 0 0 n x\niwrite 0\ntransfer 0 1 99\niread 1\niget 1 0\nmgetfd 0 0\ncompose 1 2 0 0 h0 x\niwrite 1\ntransfer 1 0 99\niread 0\niget 0 1\nmfree 1`,
    lines: [
      "10 iget = 1 16 0 1 x 16 with 5#1",
      "13 iwrite ok [0] moved 5#1 to 4@0+16 closed 5#1",
      "17 mfree ok closed 5#1 gone #1 alive 0",
    ],
  },
  {
    name: "is the only one of a delivery: the original closes the others",
    program: `${two}give 0 ${marked} n n\niread 0\niget 0 0\niget 0 1`,
    lines: [
      "6 give 5#1 6#2 ok alive 2",
      "7 iread = 1 closed 6#2 gone #2 alive 1",
      "8 iget = 1 16 0 0 x 16 with 5#1",
      "9 iget = 2 16 0 0 x 16",
    ],
  },
  {
    name: "is closed by the original if only half a header comes with it",
    program: `${two}give 0 ${marked}@0:15 n -1\niread 0\ngive 0 ${marked}@15:16 -1 -1\niread 0\niget 0 0`,
    lines: ["7 iread = 1 closed 5#1 gone #1 alive 0", "10 iget = 1 16 0 0 x 16"],
  },
  {
    name: "is closed without imsgbuf_allow_fdpass, and not sent",
    program: `socket 0\ninit 0 0\ngive 0 ${marked} n -1\niread 0\ncompose 0 1 0 0 n x\niwrite 0\ntake 0`,
    lines: [
      "3 iread = 1 closed 4#1 gone #1 alive 0",
      "5 iwrite ok [0] closed 4#2 gone #2 alive 0",
      "6 take = x01000000100000800000000001000000",
    ],
  },
  {
    name: "stays with the message that is forwarded without it",
    program: `${two}give 0 ${marked}@0:16 n -1\niread 0\niget 0 0\nforward 1 0\niwrite 1\ntake 1\nmfree 0`,
    lines: [
      "9 forward ok [1]",
      "11 take = x01000000100000000000000001000000",
      "12 mfree ok closed 5#1 gone #1 alive 0",
    ],
  },
  {
    name: "is closed with the message that still has it",
    program: `${two}give 0 ${marked}@0:16 n -1\niread 0\niget 0 0\nfdvalue 5`,
    lines: ["9 fdvalue = #1", "end 5#1 closed 5#1, 3, 4 gone #1 alive 0 left 0"],
  },
  {
    name: "is closed with the queue that it waits in",
    program: `${two}compose 0 1 0 0 n x\ncompose 0 2 0 0 n x\nclear 0`,
    lines: ["8 clear ok closed 5#1, 6#2 gone #1, #2 alive 0"],
  },
  {
    name: "is gone with the socket that it was written to, its number long closed",
    program: `${two}compose 0 1 0 0 n x\niwrite 0\nclosesock 0`,
    lines: [
      "7 iwrite ok [0] moved 5#1 to 3@0+16 closed 5#1",
      "8 closesock ok closed 3 gone #1 alive 0",
    ],
  },
  {
    name: "is another's when its number was closed and given anew under an ibuf",
    program: "open 0 4\nfdset 0 n\nclosefd 3\nfdopen 0\nfree 0",
    lines: [
      "2 closefd ok closed 3#1 gone #1 alive 0",
      "3 fdopen = 3#2 alive 1",
      "4 free ok closed 3#2 gone #2 alive 0",
    ],
  },
  {
    name: "is lost with a write that takes nothing, as the original has it",
    program: `${two}accept 0 0\ncompose 0 1 0 0 n x\niwrite 0`,
    lines: ["8 iwrite ok [1] closed 5#1 gone #1 alive 0"],
  },
];
