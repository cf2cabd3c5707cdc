export { OpenApiDocuments, type OpenApiSource, type PublishedDocument, swaggerProtobufTypes } from "./documents.ts";
