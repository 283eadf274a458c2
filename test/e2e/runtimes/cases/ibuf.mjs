import { equal, fails, payload, sameBytes } from "../check.mjs";

export const ibuf = [
  {
    name: "an ibuf gives back the numbers and bytes put into it, in order",
    async run({ imsg }) {
      const buf = imsg.Ibuf.dynamic(0, 4096);
      buf.addN8(0x12);
      buf.addN16(0x1234);
      buf.addN32(0x12345678);
      buf.addN64(0x123456789abcdef0n);
      buf.addH16(0x1234);
      buf.addH32(0x12345678);
      buf.addH64(0xfedcba9876543210n);
      buf.add(payload(3, 100));
      buf.addZero(4);
      equal(buf.size, 1 + 2 + 4 + 8 + 2 + 4 + 8 + 100 + 4, "size");
      sameBytes(buf.data().subarray(1, 3), Uint8Array.of(0x12, 0x34), "network order");
      equal(buf.getN8(), 0x12, "n8");
      equal(buf.getN16(), 0x1234, "n16");
      equal(buf.getN32(), 0x12345678, "n32");
      equal(buf.getN64(), 0x123456789abcdef0n, "n64");
      equal(buf.getH16(), 0x1234, "h16");
      equal(buf.getH32(), 0x12345678, "h32");
      equal(buf.getH64(), 0xfedcba9876543210n, "h64");
      sameBytes(buf.get(100), payload(3, 100), "bytes");
      buf.skip(3);
      const error = await fails(() => buf.getN16(), "EBADMSG", "reading past the end");
      equal(error.errno, 74, "errno");
      equal(error.syscall, "ibuf_get_n16", "syscall");
      buf.free();
      await fails(() => buf.size, "ERR_IMSG_DISPOSED", "use after free");
    },
  },
  {
    name: "an ibuf grows up to its limit and no further",
    async run({ imsg }) {
      const buf = imsg.Ibuf.dynamic(1, 1000);
      buf.add(payload(0, 1000));
      await fails(() => buf.addN8(1), "ERANGE", "growing past the limit");
      sameBytes(buf.data(), payload(0, 1000), "data");
      buf.free();
    },
  },
  {
    name: "an imsgbuf composes, writes, reads and gets, and owns the ibufs it takes",
    async run({ imsg }) {
      const socket = new imsg.Socket();
      const sender = imsg.Imsgbuf.init(socket);
      sender.compose({ type: 3, peerid: 9, pid: 5, data: payload(1, 300) });
      const buf = imsg.Ibuf.dynamic(0, 64);
      buf.addN32(0xcafe);
      sender.composeIbuf({ type: 4, peerid: 1, pid: 6 }, buf);
      await fails(() => buf.size, "ERR_IMSG_MOVED", "use of an ibuf that was given away");
      sender.flush();
      equal(sender.queuelen, 0, "queue length");

      const other = new imsg.Socket();
      const receiver = imsg.Imsgbuf.init(other);
      for (const { data } of socket.take()) other.deliver(data);
      other.deliverEnd();
      equal(receiver.read(), 1, "read");
      const first = receiver.get();
      equal(first.getType(), 3, "type");
      equal(first.getId(), 9, "peerid");
      equal(first.getPid(), 5, "pid");
      sameBytes(first.data, payload(1, 300), "data");
      first.free();
      const second = receiver.get();
      equal(second.getIbuf().getN32(), 0xcafe, "number");
      second.free();
      equal(receiver.get(), undefined, "a third message");
      equal(receiver.read(), 0, "the end");
      receiver.clear();
      sender.clear();
      socket.close();
      other.close();
    },
  },
  {
    name: "an instance frees the objects that were made in it",
    run({ imsg }) {
      const { stats } = imsg.defaultInstance();
      const before = stats.call(imsg.defaultInstance());
      for (let i = 0; i < 200; i++) {
        const buf = imsg.Ibuf.dynamic(16, 4096);
        buf.add(payload(i, 2000));
        buf.free();
        const codec = new imsg.ImsgCodec();
        codec.push(codec.encode({ type: 1, data: payload(i, 2000) }));
        codec.dispose();
      }
      const after = stats.call(imsg.defaultInstance());
      equal(after.objects.ibuf, before.objects.ibuf, "ibufs");
      equal(after.liveBytes, before.liveBytes, "bytes");
    },
  },
];
