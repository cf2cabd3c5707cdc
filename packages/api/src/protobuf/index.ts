export { decodeProtobuf, ProtobufError, protobufMediaType } from "./decode.ts";
export { encodeProtobuf, encodeWatchEvent, hasProtobufForm, type ProtobufObject } from "./encode.ts";
