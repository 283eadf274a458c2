declare module "virtual:samples" {
  /** The recorded sessions as base64, by the names of their files. */
  const samples: Readonly<Record<string, string>>;
  export default samples;
}

declare module "*.css";
