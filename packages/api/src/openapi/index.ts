export {
  OpenApiDocuments,
  type OpenApiSource,
  type PublishedDocument,
  swaggerProtobufContentType,
  swaggerProtobufTypes,
} from "./documents.ts";
