"""The online side: it knows the signers' accounts, builds requests, and believes no answer that it has not checked."""
