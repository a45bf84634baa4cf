import { Anchor, Loader, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { returnFromSignIn } from "../data/single-sign-on.ts";
import { Failure } from "../parts/answer.tsx";
import { Entrance } from "../parts/entrance.tsx";

/** Where the identity provider leads back to. */
export function SingleSignOnReturn() {
  const returning = useQuery({
    queryKey: ["return from sign-in"],
    queryFn: async () => {
      await returnFromSignIn();
      return true;
    },
    retry: false,
    staleTime: Infinity,
  });
  return (
    <Entrance title="Sign in" intro="with the account of your organisation">
      <Stack>
        {returning.isError ? <Failure error={returning.error} /> : <Loader aria-label="Signing in" />}
        <Anchor href={import.meta.env.BASE_URL}>Back to the sign-in page</Anchor>
      </Stack>
    </Entrance>
  );
}
