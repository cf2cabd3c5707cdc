export {
  OpenApiDocuments,
  type OpenApiSource,
  type PublishedDocument,
  swaggerProtobufContentType,
  swaggerProtobufTypes,
} from "./documents.ts";
export type { SwaggerDocument } from "./swagger.ts";
export { encodeSwagger } from "./swagger-protobuf.ts";
