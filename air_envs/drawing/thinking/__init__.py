"""Pictures of a recurrent reasoner from plain data: boards, a timeline, a look inside. Knows no model."""
