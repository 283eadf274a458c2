/**
 * The cases in which the two sides differ although nothing is wrong, each by name:
 * the behaviour of the original, and how the test treats it on both sides. Any
 * other difference is a failure. Most cases have an example, which a test runs.
 */
export interface Containment {
  readonly name: string;
  readonly original: string;
  readonly contained: string;
  /** A program, and the line of both transcripts that shows the containment. */
  readonly example?: readonly [program: string, line: string];
}

export const containments: readonly Containment[] = [
  // ---- additions of the wrapper, which turn C's hangs, crashes and aborts into errors
  {
    name: "flush-blocked",
    original: "imsgbuf_flush tries for ever while a write moves nothing",
    contained:
      "EAGAIN once a write moved nothing and no dictated outcome is left; the driver leaves the real imsgbuf_flush as it makes the next write",
    example: [
      "socket 0\ninit 0 0\nroom 0 20\ncompose 0 1 0 0 -1 p1:9\nflush 0",
      "4 flush ! EAGAIN [1]",
    ],
  },
  {
    name: "flush-empty",
    original: "imsgbuf_flush never ends when only empty ibufs are queued",
    contained: "such a queue counts as flushed, and stays as it is",
    example: ["socket 0\ninit 0 0\nopen 0 0\ncomposeibuf 0 0 1 0 0\nflush 0", "4 flush ok [1]"],
  },
  {
    name: "parser-error",
    original: "a read after an error of the parser delivers the same messages again",
    contained: "the error is repeated, also after clear(), and the original is not asked again",
    example: [
      "socket 0\ninit 0 0\ndeliver 0 0 m1:3:0:0:0:0\niread 0\ndeliver 0 0 m1:16:0:0:0:0\niread 0",
      "5 iread ! ERANGE",
    ],
  },
  {
    name: "truncated-end",
    original: "the end of the stream is 0, also inside a message",
    contained:
      "ERR_IMSG_TRUNCATED inside a message; the driver cuts the stream itself to know where it is",
    example: [
      "socket 0\ninit 0 0\ndeliver 0 0 m1:20:0:0:0:3\nend 0\niread 0\niread 0",
      "5 iread ! ERR_IMSG_TRUNCATED",
    ],
  },
  {
    name: "view",
    original: "what ibufs on the stack may not do is abort()",
    contained: "EINVAL",
    example: ["frombuffer 0 x01\nfree 0", "1 free ! EINVAL"],
  },
  {
    name: "stale",
    original: "a view whose memory is gone, or has grown, dangles",
    contained:
      "ERR_IMSG_STALE: when the owner was freed, queued or given away, or its size is not what it was; whether realloc moved the memory does not matter",
    example: [
      "dynamic 0 0 8\naddn8 0 1\nfromibuf 1 0\naddn8 0 2\nsize 1",
      "4 size ! ERR_IMSG_STALE",
    ],
  },
  {
    name: "moved",
    original: "what C has taken must not be used again",
    contained: "ERR_IMSG_MOVED; also when imsg_compose_ibuf failed, which frees the ibuf",
    example: ["open 0 4\nnew 0\nclose 0 0\nsize 0", "3 size ! ERR_IMSG_MOVED"],
  },
  {
    name: "disposed",
    original: "what was freed must not be used again; after imsgbuf_clear w is NULL",
    contained: "ERR_IMSG_DISPOSED; also for an ibuf that a failing imsg_add freed",
    example: ["socket 0\ninit 0 0\nclear 0\niread 0", "3 iread ! ERR_IMSG_DISPOSED"],
  },
  {
    name: "closed-socket",
    original: "a number that was closed is EBADF, or means something else by now",
    contained: "ERR_IMSG_DISPOSED, before C is asked",
    example: ["socket 0\ninit 0 0\nclosesock 0\niread 0", "3 iread ! ERR_IMSG_DISPOSED"],
  },
  {
    name: "aliased",
    original: "ibuf_add_ibuf of an ibuf, or of a view of it, to itself reads memory that has moved",
    contained: "adds a copy; the driver makes one as well",
    example: ["dynamic 0 0 8\nadd 0 x010203\naddibuf 0 0", "2 addibuf ok [6 2 0 x010203010203]"],
  },
  {
    name: "no-errno",
    original: "adding nothing to an ibuf without memory fails and leaves errno alone",
    contained: "ERR_IMSG_UNSPECIFIED; the driver clears errno before every call",
    example: ["dynamic 0 0 8\nadd 0 x", "1 add ! ERR_IMSG_UNSPECIFIED [0 8 0 x]"],
  },
  {
    name: "reader",
    original: "msgbuf_new_reader's callback makes the ibuf and takes the descriptor",
    contained:
      "the program gives a rule for the length; a trampoline in C does the rest on both sides. Less than the header is EINVAL, also if closing what came along sets errno anew; what the rule throws comes out of read (REFUSED)",
    example: [
      "socket 0\nreader 0 4 3 0 0 0\ngive 0 x01020304 99 n\nqread 0 0",
      "3 qread ! EINVAL closed 4#1 gone #1 alive 0",
    ],
  },
  // ---- 32 bits, and constants of the platform
  {
    name: "size_t",
    original: "the largest size is 2^32-1 in WASM, 2^64-1 in the driver",
    contained: "programs and transcripts name sizes near it as SIZE_MAX-k (M-k)",
    example: ["dynamic 0 0 M-0\nleft 0", "1 left = M-0"],
  },
  {
    name: "control-message",
    original: "a control message has room for two descriptors on 64 bits, for one on 32",
    contained:
      "with two or more, C closes the second in the driver, the kernel does in WASM: in the same order",
    example: [
      "socket 0\ninit 0 0\nfdpass 0\ndeliver 0 3 m1:2147483664:0:0:0:0\niread 0",
      "4 iread = 1 closed 6#3, 5#2 gone #3, #2 alive 1",
    ],
  },
  {
    name: "IOV_MAX",
    original: "how many ibufs one write takes is a constant of the platform",
    contained: "64 on both sides",
  },
  // ---- indeterminate values, and programs that would prove nothing
  {
    name: "imsg_create-len",
    original:
      "imsg_create leaves the header's len as it was on the stack, until imsg_close sets it",
    contained: "the operation sets it to 0 right away",
  },
  {
    name: "shortage",
    original: "the wrapper allocates more than the original: what it copies in, what it keeps",
    contained:
      "an allocation is made to fail only where that is the original's, and in init, where the driver counts the wrapper's one; so not with more than 512 bytes, nor as a descriptor is opened",
    example: ["nomem 2 open\nopen 0 8", "1 open ! ENOMEM"],
  },
  {
    name: "maxsize",
    original: "with a maxsize of gigabytes, a stray length in a stream asks for as much memory",
    contained: "a maxsize above 131072 is accepted, and then taken back to that",
  },
  {
    name: "empty-delivery",
    original: "a read that delivers nothing is the end",
    contained: "programs deliver at least a byte: a stream has no empty deliveries",
  },
  {
    name: "socket-numbers",
    original: "a socket that is passed through itself never goes away",
    contained:
      "programs give the numbers of values away, not of sockets, and make no socket in the place of a closed one",
  },
  {
    name: "order-of-disposal",
    original: "C closes numbers, and knows nothing of what they stand for",
    contained: "a line has the closed numbers in order, then the values gone in order",
  },
];
