"""Signatures are Amazon's: the examples of its reference, and whatever botocore signs, which has another author."""

from __future__ import annotations

import hashlib

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from uploader.stores._s3_sign import EMPTY, Keys, Question, authorization, path_of, query_of

EXAMPLE = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
HOST = "examplebucket.s3.amazonaws.com"
MOMENT = "20130524T000000Z"
BODY = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "sha256", "signature"),
    [
        ("GET", "/test.txt", {}, {"range": "bytes=0-9"}, EMPTY, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        (
            "PUT", "/test%24file.text", {}, {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}, BODY,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/", {"lifecycle": ""}, {}, EMPTY, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/", {"max-keys": "2", "prefix": "J"}, {}, EMPTY, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)  # fmt: skip
def test_the_examples_of_the_reference(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], sha256: str, signature: str
) -> None:
    """Amazon S3 API Reference, "Examples: Signature Calculations"."""
    asked = Question(method, path, query_of(query), {"host": HOST, "x-amz-content-sha256": sha256, "x-amz-date": MOMENT, **headers})
    assert authorization(asked, sha256, EXAMPLE).endswith(f"Signature={signature}")


class Fixed(S3SigV4Auth):
    """botocore's own, of the example's moment, for a body that was hashed before."""

    def payload(self, request: AWSRequest) -> str:
        return BODY

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = MOMENT
        request.headers["X-Amz-Content-SHA256"] = BODY
        request.headers["X-Amz-Date"] = MOMENT


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.dictionaries(st.sampled_from("abc"), st.text("a/+ =&~é")),
)
def test_any_key_and_query_are_signed_as_botocore_signs_them(key: str, query: dict[str, str]) -> None:
    path = "/bucket/" + path_of(key)
    theirs = AWSRequest("PUT", f"https://{HOST}{path}?{query_of(query)}", headers={"Content-Type": "a/b"}, data=b"")
    theirs.context["payload_signing_enabled"] = True
    signer = Fixed(Credentials(EXAMPLE.access, EXAMPLE.secret), "s3", EXAMPLE.region)
    signer._modify_request_before_signing(theirs)
    canonical = signer.canonical_request(theirs)
    signature = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    headers = {"host": HOST, "content-type": "a/b", "x-amz-content-sha256": BODY, "x-amz-date": MOMENT}
    assert authorization(Question("PUT", path, query_of(query), headers), BODY, EXAMPLE).endswith(f"Signature={signature}")
