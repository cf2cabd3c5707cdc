export { decodeProtobuf, ProtobufError, protobufMediaType } from "./decode.ts";
export { encodeProtobuf, encodeWatchEvent, hasProtobufForm, type ProtobufObject, protobufListParts } from "./encode.ts";
