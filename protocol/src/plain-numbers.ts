import protobuf from "protobufjs/minimal.js";

const runtime = protobuf as unknown as { util: { Long?: unknown }; configure(): void };
delete runtime.util.Long;
runtime.configure();
