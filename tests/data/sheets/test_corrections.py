import pytest

from raicl.data.sheets.corrections import parse_corrections


@pytest.mark.parametrize(
    "line", ["sub01,EP01,fps,1,2,why,who", "sub01,EP01,onset,1,2,,who", "sub01,EP01,onset,1,2,why,"]
)
def test_a_correction_needs_a_field_a_reason_and_a_source(line: str) -> None:
    with pytest.raises(ValueError, match="unknown field, no reason or no source"):
        parse_corrections("subject,clip,field,annotated,used,reason,source\n" + line)
